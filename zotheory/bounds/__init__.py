"""Convergence of SGD with delta-unbiased perturbations: bounds, and exact dynamics on quadratics."""
