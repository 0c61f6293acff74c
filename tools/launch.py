"""torchrun with exit codes that mean something.

``torchrun`` itself ends with 1 and a traceback whatever happened.  This ends with
the exit code of the process that failed first (2: something to mend), with 130
after SIGINT and with 143 after SIGTERM, and prints nothing of its own; options
are torchrun's.  tools/dist_*.sh start it.
"""

import os
import sys

from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import parse_args, run

# Seconds that processes have after a signal to finish what is in work (torchrun's
# own default is 30); then they are killed.
_SHUTDOWN_SECONDS = '300'


def main() -> int:
    os.environ.setdefault('TORCH_ELASTIC_SHUTDOWN_TIMEOUT', _SHUTDOWN_SECONDS)
    try:
        run(parse_args(sys.argv[1:]))
    except SignalException as error:
        return 128 + error.sigval
    except KeyboardInterrupt:  # before torchrun handles signals
        return 130
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        code = failure.exitcode
        # A negative code is the signal that killed the process.
        code = code if code >= 0 else 128 - code
        print(f'{os.path.basename(sys.argv[0])}: process {rank} ended with exit '
              f'code {code}; the others were stopped', file=sys.stderr)
        return code
    return 0


if __name__ == '__main__':
    sys.exit(main())
