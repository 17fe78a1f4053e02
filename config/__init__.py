"""What a deployment can set: settings from the environment, the catalogue of models, logging."""
