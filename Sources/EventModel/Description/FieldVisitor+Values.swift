import CEventABI
import Glibc
import TextEncoding

/// Values that several events describe alike.
extension FieldVisitor where Self: ~Copyable {
    /// The fields of an inode.
    mutating func describe(inode: secd_inode, _ context: EncodingContext) {
        typealias F = ProcessFields
        uint64(F.inodeNumber, inode.number)
        wrapped(F.inodeLinks, inode.links)
        uint32(F.device, inode.device)
        context.scratch.removeAll()
        context.scratch.append(octal: inode.mode)
        context.scratch.withBytes { string(F.mode, $0) }
        wrapped(F.fileOwner, inode.uid)
        uint64(F.size, inode.size)
        timestamp(F.ctime, inode.ctime_ns == 0 ? nil : UnixTime(nanoseconds: inode.ctime_ns))
    }
}

extension secd_path {
    /// Whether `append(pathFlags:)` has something to say.
    var isUnsure: Bool { flags != 0 || root == SECD_PATH_OUTSIDE }
}

extension RawSpan {
    /// The bytes before the first NUL.
    var untilNUL: RawSpan {
        @_lifetime(copy self)
        get {
            extracting(0..<firstIndex(of: 0))
        }
    }

    /// Whether the bytes are the same.
    func isIdentical(to other: RawSpan) -> Bool {
        guard byteCount == other.byteCount else { return false }
        return unsafe withUnsafeBytes { one in
            unsafe other.withUnsafeBytes { two in
                guard let first = one.baseAddress, let second = two.baseAddress else { return true }
                return unsafe memcmp(first, second, one.count) == 0
            }
        }
    }

    /// A host path as its process sees it, where that is another one; its root itself is `/`.
    @_lifetime(copy self)
    func inRoot(of path: secd_path) -> RawSpan {
        guard ProcessImage.differsInRoot(path) else { return extracting(0..<0) }
        let start = Int(path.root)
        // The path of the root directory has nothing behind it; its first byte is the slash.
        return start < byteCount ? extracting(start..<byteCount) : extracting(0..<min(1, byteCount))
    }
}

extension Array where Element == UInt8 {
    /// Appends bytes.
    @inline(__always)
    mutating func append(_ span: RawSpan) {
        unsafe span.withUnsafeBytes { unsafe append(contentsOf: $0) }
    }
}

extension OutputBuffer {
    /// Appends a directory with exactly one slash at its end.
    mutating func append(directory path: RawSpan) {
        append(path)
        let last =
            path.byteCount > 0
            ? unsafe path.unsafeLoad(fromByteOffset: path.byteCount - 1, as: UInt8.self) : 0
        if last != UInt8(ascii: "/") { append(UInt8(ascii: "/")) }
    }

    /// Appends a relative path without a leading `./`.
    mutating func append(withoutDot path: RawSpan) {
        let dotted =
            unsafe path.byteCount > 2
            && path.unsafeLoad(fromByteOffset: 0, as: UInt8.self) == UInt8(ascii: ".")
            && path.unsafeLoad(fromByteOffset: 1, as: UInt8.self) == UInt8(ascii: "/")
        append(dotted ? path.extracting(2..<path.byteCount) : path)
    }

    /// Appends a number in octal.
    mutating func append(octal value: UInt32) {
        var shift = 30
        var begun = false
        while shift >= 0 {
            let digit = UInt8(truncatingIfNeeded: value >> UInt32(shift) & 7)
            if digit != 0 || begun || shift == 0 {
                append(UInt8(ascii: "0") + digit)
                begun = true
            }
            shift -= 3
        }
    }

    /// Appends a number in hexadecimal without leading zeros.
    mutating func append(hexadecimal value: UInt64) {
        var shift: UInt64 = 60
        var begun = false
        while true {
            let digit = UInt8(truncatingIfNeeded: value >> shift & 15)
            if digit != 0 || begun || shift == 0 {
                append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
                begun = true
            }
            if shift == 0 { return }
            shift -= 4
        }
    }

    /// Appends what is unsure about a path, as `name:word`.
    mutating func append(pathFlags path: secd_path, _ name: StaticString) {
        func word(_ condition: Bool, _ text: StaticString) {
            guard condition else { return }
            if count > 0 { append(UInt8(ascii: " ")) }
            append(name)
            append(UInt8(ascii: ":"))
            append(text)
        }
        word(path.flags & SECD_PATH_TRUNCATED != 0, "truncated")
        word(path.flags & SECD_PATH_UNREADABLE != 0, "unreadable")
        word(path.flags & SECD_PATH_DETACHED != 0, "detached")
        word(path.flags & SECD_PATH_DELETED != 0, "deleted")
        word(path.root == SECD_PATH_OUTSIDE && path.length > 0, "outsideRoot")
    }
}
