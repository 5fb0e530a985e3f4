#pragma once

/// Installs the system call filter for the calling thread and those it starts.
/// Returns 0 or the error number.
int filter_system_calls(void);
