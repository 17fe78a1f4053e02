"""Speaking HTTP to others: to providers' APIs, and to the hosts that their answers name. What they send is
bounded here, in time and in size, before anything else of Darkroom sees it."""
