"""What tests of several rooms share: one way to do each thing."""
