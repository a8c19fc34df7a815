import Glibc

/// The calling thread's errno.
@inline(__always)
func currentErrno() -> Int32 {
    errno
}
