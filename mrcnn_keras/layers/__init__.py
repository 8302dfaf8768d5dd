"""Thin Keras layers around ops. Their arguments are plain values, so that they save themselves."""
