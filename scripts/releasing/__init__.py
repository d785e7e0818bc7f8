"""What the scripts that build, check and release the packages are made of."""
