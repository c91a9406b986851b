"""What the kernel keeps the processes that read data from doing: one file a layer, in force where the kernel has it.

Applied by a child to itself right after its fork, before it has seen any data; none can be undone. `layers` puts them
together.
"""
