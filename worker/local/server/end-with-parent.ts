/**
 * Loaded into Wrangler before anything else (`node --import`): when the process that started it is gone, however it
 * went, all of its group goes with it. Nobody would be left to stop them.
 */
process.on("disconnect", () => process.kill(-process.pid, "SIGKILL"));
