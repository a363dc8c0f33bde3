"""A script for ``accelerate launch``: model in its wrapper, optimizer prepared or not."""

import torch

from zotheory.optim import ZOSGD


def trained(accelerator, prepared):
    torch.manual_seed(accelerator.process_index)  # the model's wrapper makes the ranks' parameters the same
    model = torch.nn.Linear(4, 1)
    run = accelerator.prepare(model)
    optimizer = ZOSGD(model.parameters(), lr=0.02, law="sphere", queries=2, parallel="data")
    stepper = accelerator.prepare(optimizer) if prepared else optimizer
    inputs = torch.arange(32.0).reshape(8, 4).sin()[accelerator.process_index :: accelerator.num_processes]
    for _ in range(5):
        stepper.step(lambda: (run(inputs) - 1).square().mean())
    optimizer.check_replicas()
    return [p.tolist() for p in model.parameters()]


def main():
    from accelerate import Accelerator

    accelerator = Accelerator(cpu=True)
    plain, prepared = (trained(accelerator, prepared) for prepared in (False, True))
    biases = accelerator.gather(torch.tensor([plain[1][0], prepared[1][0]], dtype=torch.float64)).tolist()
    if accelerator.is_main_process:
        print("ranks", accelerator.num_processes, "same", plain == prepared, biases)
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
