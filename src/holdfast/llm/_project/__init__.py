"""What the project's tools are made of, one module per thing."""
