"""What the scripts that build and check the site are made of."""
