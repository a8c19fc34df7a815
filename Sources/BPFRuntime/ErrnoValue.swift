import Glibc

/// The calling thread's errno.
@inline(__always)
func Glibc_errno() -> Int32 {
    errno
}
