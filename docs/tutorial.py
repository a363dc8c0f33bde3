"""The tutorial as a notebook: `marimo edit docs/tutorial.py`, or run it as a script."""

import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo

    mo.md("# The sphere's dimension factor, as a claim")
    return (mo,)


@app.cell
def _():
    import sympy as sp

    from zotheory import Sphere
    from zotheory.checks.exact import check_identity
    from zotheory.ledger import Claim, Kind, Verdict
    from zotheory.ledger.run import run

    d = sp.Symbol("d", positive=True, integer=True)
    claim = Claim(
        id="SPHERE",
        title="the sphere has nu = d",
        kind=Kind.EQUALITY,
        plain="For v uniform on |v|^2 = d, E|g|^2 = d |a|^2.",
        latex=r"For $v$ uniform on $\|v\|^2=d$, $\mathsf E\|g\|^2=d\,\|a\|^2$.",
        source="tutorial",
        expected=Verdict.PROVED,
        formulas={"nu": d},
    )

    @claim.check("hand")
    def _(claim):
        return check_identity(claim.formulas["nu"], d * 1, detail="E[s n] with n = d fixed")

    @claim.check("the law's own moments")
    def _(claim):
        return check_identity(claim.formulas["nu"], Sphere(d).dimension_factor(), detail="Sphere(d)")

    [result] = run([claim], jobs=1)
    assert result.verdict is Verdict.PROVED
    print(result.verdict, "-", result.reason)
    return (Sphere,)


@app.cell
def _(Sphere):
    from zotheory import Program, solve

    solution = solve(Program(dim=16, norm_cap=32))
    assert solution.certificate.verify()
    assert not solution.contact_set.contains(Sphere(16))
    print("the least variance under the cap:", solution.value)
    return


@app.cell
def _():
    import numpy as np

    from zotheory.testing import assert_delta_unbiased

    def triangular(n, rng):
        return rng.triangular(-1, 0, 1, (n, 8)) * np.sqrt(6)

    assert_delta_unbiased(triangular, dim=8, delta=1)
    try:
        assert_delta_unbiased(lambda n, rng: 1.1 * triangular(n, rng), dim=8, delta=1)
    except AssertionError as error:
        print(error)
    else:
        raise RuntimeError("a law with another delta passed")
    return


@app.cell
def _():
    import torch

    from zotheory.optim import ZOSGD

    model = torch.nn.Linear(8, 1)
    x = torch.linspace(-1, 1, 256).reshape(32, 8)
    y = x.sum(1, keepdim=True)
    optimizer = ZOSGD(model.parameters(), lr=0.05, law="rademacher", mu=1e-3, queries=4, model=model)
    losses = [optimizer.step(lambda: (model(x) - y).square().mean()) for _ in range(200)]
    assert losses[-1] < losses[0] / 20
    print(f"loss {losses[0]:.3f} -> {losses[-1]:.5f} in {optimizer.queries} function values")
    return


if __name__ == "__main__":
    app.run()
