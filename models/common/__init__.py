"""What the training scripts of models/ share."""
