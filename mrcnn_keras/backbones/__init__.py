"""Feature extractors: ResNet and the feature pyramid."""
