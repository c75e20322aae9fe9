"""Foundation layer: compute, material, the one training loop, model folders."""
