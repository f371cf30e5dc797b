// Makes a program believe that its files are on disk. Preloaded into the agent for the control run of the power
// cuts: with this the store must lose awards, or the cuts prove nothing.
int fsync(int descriptor) { (void)descriptor; return 0; }
int fdatasync(int descriptor) { (void)descriptor; return 0; }
