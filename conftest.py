"""What every test relies on."""

import signal

# A shell that starts the tests in the background has them ignore Ctrl-C, and children inherit that.
# Some tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
