"""The monitor: compares what the service sees with what the model learned from."""
