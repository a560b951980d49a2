"""What crosses processes: pictures in shared memory, and workers that live and die with us."""
