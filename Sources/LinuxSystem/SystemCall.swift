import Glibc
public import SystemPackage

/// The one place that judges errno.
///
/// | errno | judgement |
/// |---|---|
/// | EINTR | the call is made again |
/// | EAGAIN | a value: nil from `nonBlocking`, an error elsewhere |
/// | EBADF, EFAULT | a broken invariant of ours: the process stops |
/// | anything else | thrown |
public enum SystemCall {
    /// Makes a call that returns -1 on failure; repeats it when a signal interrupts it.
    @inline(__always)
    @discardableResult
    public static func result<Value: FixedWidthInteger & SignedInteger>(_ call: () -> Value) throws(Errno)
        -> Value
    {
        while true {
            let value = call()
            if value != -1 { return value }
            let failure = lastErrno
            if failure == .interrupted { continue }
            trapOnBrokenInvariant(failure)
            throw failure
        }
    }

    /// Makes a call on a descriptor that does not block: nil where it would.
    @inline(__always)
    public static func nonBlocking<Value: FixedWidthInteger & SignedInteger>(
        _ call: () -> Value
    ) throws(Errno) -> Value? {
        while true {
            let value = call()
            if value != -1 { return value }
            let failure = lastErrno
            if failure == .interrupted { continue }
            if failure == .wouldBlock { return nil }
            trapOnBrokenInvariant(failure)
            throw failure
        }
    }

    /// Judges the result of a pthread function, which returns its error number.
    @inline(__always)
    static func check(_ number: Int32) throws(Errno) {
        if number != 0 { throw Errno(rawValue: number) }
    }

    /// errno of the calling thread.
    @inline(__always)
    public static var lastErrno: Errno { Errno(rawValue: errno) }

    /// A wrong descriptor or pointer is a bug whose effects nobody can foresee (the descriptor may
    /// be another file's by now).
    @inline(__always)
    private static func trapOnBrokenInvariant(_ failure: Errno) {
        precondition(
            failure != .badFileDescriptor && failure != .badAddress,
            "a system call was given a descriptor or an address that is not ours")
    }
}
