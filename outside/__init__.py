"""HTTP calls to providers' APIs, and to the hosts that their responses name.

Every response is bounded here, in time and in size, before the rest of Darkroom sees it.
"""
