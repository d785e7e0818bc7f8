"""What `sdax demo` runs: an order endpoint on a real HTTP service and a real SQLite database."""
