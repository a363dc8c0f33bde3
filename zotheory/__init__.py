"""zotheory: state, prove, refute and certify claims about random-perturbation gradient estimators."""

__version__ = "0.1.0"
