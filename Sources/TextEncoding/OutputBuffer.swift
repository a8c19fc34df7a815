/// Bytes under construction: grows, never shrinks, reused for ever.
///
/// The writers of this target append here. It owns plain memory instead of an array because the
/// event path may not pay a uniqueness check and an exclusivity check per appended byte.
@safe
public struct OutputBuffer: ~Copyable, @unchecked Sendable {
    @usableFromInline var base: UnsafeMutableRawPointer
    @usableFromInline var capacity: Int
    @usableFromInline var length = 0

    /// - Parameter capacity: bytes to reserve; the buffer doubles when they are used up.
    public init(capacity: Int = 4096) {
        self.capacity = max(capacity, 64)
        unsafe base = UnsafeMutableRawPointer.allocate(byteCount: self.capacity, alignment: 16)
    }

    deinit {
        unsafe base.deallocate()
    }

    /// Bytes written so far.
    @inlinable public var count: Int { length }

    /// What was written.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let span = unsafe RawSpan(_unsafeStart: UnsafeRawPointer(base), byteCount: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Lends what was written to `body`: for buffers that are properties of classes, whose spans may
    /// not outlive one access.
    @inline(__always)
    public func withBytes<Result>(_ body: (RawSpan) -> Result) -> Result {
        body(bytes)
    }

    /// Forgets what was written, keeps the memory.
    public mutating func removeAll() {
        length = 0
    }

    /// Takes back everything after the first `length` bytes.
    public mutating func truncate(to length: Int) {
        precondition(length <= count, "a buffer cannot be truncated to more than it holds")
        self.length = length
    }

    /// Makes room for `additional` bytes.
    @inlinable @inline(__always)
    public mutating func reserve(_ additional: Int) {
        if count + additional > capacity { grow(additional) }
    }

    @usableFromInline @inline(never)
    mutating func grow(_ additional: Int) {
        var wanted = capacity * 2
        while wanted < count + additional { wanted *= 2 }
        let larger = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
        unsafe larger.copyMemory(from: base, byteCount: count)
        unsafe base.deallocate()
        unsafe base = larger
        capacity = wanted
    }

    /// Counts bytes that were stored behind the end, after `reserve`.
    @inlinable @inline(__always)
    mutating func advance(by length: Int) {
        self.length += length
    }

    /// Appends one byte.
    @inlinable @inline(__always)
    public mutating func append(_ byte: UInt8) {
        reserve(1)
        unsafe base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        self.length += 1
    }

    /// Appends bytes as they are.
    @inlinable @inline(__always)
    public mutating func append(_ span: RawSpan) {
        reserve(span.byteCount)
        unsafe span.withUnsafeBytes { source in
            if let start = source.baseAddress { unsafe Self.copy(start, to: base + count, source.count) }
        }
        self.length += span.byteCount
    }

    /// Copies bytes; short pieces, which nearly all are, without a call: two loads that overlap cover
    /// every length between their size and twice of it.
    @inlinable @inline(__always)
    static func copy(_ from: UnsafeRawPointer, to: UnsafeMutableRawPointer, _ length: Int) {
        if length > 32 {
            unsafe to.copyMemory(from: from, byteCount: length)
        } else if length >= 16 {
            unsafe copyEnds(SIMD2<UInt64>.self, from, to, length)
        } else if length >= 8 {
            unsafe copyEnds(UInt64.self, from, to, length)
        } else if length >= 4 {
            unsafe copyEnds(UInt32.self, from, to, length)
        } else if length > 0 {
            let middle = unsafe from.load(fromByteOffset: length / 2, as: UInt8.self)
            unsafe copyEnds(UInt8.self, from, to, length)
            unsafe to.storeBytes(of: middle, toByteOffset: length / 2, as: UInt8.self)
        }
    }

    @inlinable @inline(__always)
    static func copyEnds<Word: BitwiseCopyable>(
        _ type: Word.Type, _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer, _ length: Int
    ) {
        let end = length - MemoryLayout<Word>.size
        let first = unsafe from.loadUnaligned(as: Word.self)
        let last = unsafe from.loadUnaligned(fromByteOffset: end, as: Word.self)
        unsafe to.storeBytes(of: first, as: Word.self)
        unsafe to.storeBytes(of: last, toByteOffset: end, as: Word.self)
    }

    /// Appends the UTF-8 of a literal.
    @inlinable @inline(__always)
    public mutating func append(_ text: StaticString) {
        let length = text.utf8CodeUnitCount
        reserve(length)
        unsafe Self.copy(text.utf8Start, to: base + count, length)
        self.length += length
    }

    /// Appends `,` where `comma`, then `"name":`; one check of the room for all of it.
    @inlinable @inline(__always)
    mutating func append(jsonKey name: StaticString, comma: Bool) {
        let length = name.utf8CodeUnitCount
        reserve(length + 4)
        var end = unsafe base + count
        if comma {
            unsafe end.storeBytes(of: UInt8(ascii: ","), as: UInt8.self)
            unsafe end += 1
        }
        unsafe end.storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
        unsafe Self.copy(name.utf8Start, to: end + 1, length)
        unsafe (end + 1 + length).storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
        unsafe (end + 2 + length).storeBytes(of: UInt8(ascii: ":"), as: UInt8.self)
        self.length += length + (comma ? 4 : 3)
    }

    /// Appends the UTF-8 of a string.
    public mutating func append(_ text: String) {
        var copy = text
        copy.withUTF8 { utf8 in
            reserve(utf8.count)
            if let start = utf8.baseAddress {
                unsafe (base + count).copyMemory(from: start, byteCount: utf8.count)
            }
            self.length += utf8.count
        }
    }

    /// Overwrites bytes that were written before: for lengths known only afterwards.
    public mutating func overwrite(at offset: Int, with byte: UInt8) {
        precondition(offset < count, "only bytes that were written can be overwritten")
        unsafe base.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
    }

    /// Opens a gap of `length` bytes at `offset`, moving what follows.
    public mutating func openGap(at offset: Int, length: Int) {
        precondition(offset <= count, "a gap must begin inside the buffer")
        reserve(length)
        unsafe (base + offset + length).copyMemory(from: base + offset, byteCount: count - offset)
        self.length += length
    }

    /// A copy of what was written.
    public func copyToArray() -> [UInt8] {
        unsafe [UInt8](UnsafeRawBufferPointer(start: base, count: count))
    }
}
