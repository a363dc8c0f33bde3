"""One rank: runs the cases it is asked for by way of stdin until there are no more."""

import os
import pickle
import sys
import traceback
import warnings
from datetime import timedelta

warnings.simplefilter("error")

if __name__ == "__main__":
    rank, size, meeting = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever is printed must not get among the answers

    import cases  # beside this file
    import torch

    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{meeting}", rank=rank, world_size=size, timeout=timedelta(seconds=20)
    )
    while request := pickle.load(sys.stdin.buffer):
        name, options = request
        try:
            answer = True, getattr(cases, name)(**options)
        except Exception as error:
            answer = False, (type(error).__name__, str(error), traceback.format_exc())
        pickle.dump(answer, answers)
        answers.flush()
    torch.distributed.destroy_process_group()
    answers.close()
