"""The stand: real servers for the demo, the tests and the load runs. Nothing in the product imports it."""
