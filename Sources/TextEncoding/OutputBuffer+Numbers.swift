extension OutputBuffer {
    /// Appends an unsigned number in decimal.
    @inline(__always)
    public mutating func append(decimal value: UInt64) {
        if value < 10 {
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value))
            return
        }
        appendLong(value)
    }

    /// Appends a signed number in decimal.
    public mutating func append(decimal value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        append(decimal: value.magnitude)
    }

    /// All numbers below 100 in two digits.
    private static let pairs: StaticString = """
        00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748\
        4950515253545556575859606162636465666768697071727374757677787980818283848586878889909192939495969798\
        99
        """

    /// Stores the two digits of a number below 100.
    @inline(__always)
    private static func storePair(_ value: UInt64, at place: UnsafeMutableRawPointer) {
        let digits = unsafe UnsafeRawPointer(pairs.utf8Start)
            .loadUnaligned(fromByteOffset: Int(truncatingIfNeeded: value) &* 2, as: UInt16.self)
        unsafe place.storeBytes(of: digits, as: UInt16.self)
    }

    /// Digits are made from the last to the first, behind the end of the text, and moved to it.
    private mutating func appendLong(_ value: UInt64) {
        /// Digits of the largest number.
        let most = 20
        reserve(2 * most)
        let start = unsafe base + count
        var place = unsafe start + most
        var rest = value
        while rest >= 100 {
            unsafe place -= 2
            unsafe Self.storePair(rest % 100, at: place)
            rest /= 100
        }
        if rest >= 10 {
            unsafe place -= 2
            unsafe Self.storePair(rest, at: place)
        } else {
            unsafe place -= 1
            unsafe place.storeBytes(of: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest), as: UInt8.self)
        }
        // Both parts are read before either is written: the places overlap.
        let head = unsafe place.loadUnaligned(as: SIMD2<UInt64>.self)
        let tail = unsafe place.loadUnaligned(fromByteOffset: 16, as: UInt32.self)
        unsafe start.storeBytes(of: head, as: SIMD2<UInt64>.self)
        unsafe start.storeBytes(of: tail, toByteOffset: 16, as: UInt32.self)
        advance(by: unsafe start + most - place)
    }

    /// Appends a number in decimal with leading zeros, exactly `digits` long.
    public mutating func append(decimal value: UInt64, digits: Int) {
        reserve(digits)
        var rest = value
        var position = count + digits
        while position - count >= 2 {
            position -= 2
            unsafe Self.storePair(rest % 100, at: base + position)
            rest /= 100
        }
        if position > count {
            let digit = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            unsafe base.storeBytes(of: digit, toByteOffset: count, as: UInt8.self)
        }
        advance(by: digits)
    }

    /// Appends lower-case hexadecimal, two digits a byte.
    public mutating func append(hex span: RawSpan) {
        for index in 0..<span.byteCount {
            let byte = unsafe span.unsafeLoad(fromByteOffset: index, as: UInt8.self)
            append(Self.hexDigit(byte >> 4))
            append(Self.hexDigit(byte & 15))
        }
    }

    /// The lower-case digit of a number below 16.
    @inline(__always)
    static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    private static let base64Digits: StaticString =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

    /// Appends the standard base64 of some bytes, with padding (RFC 4648, section 4).
    public mutating func append(base64 span: RawSpan) {
        let length = span.byteCount
        reserve((length + 2) / 3 * 4)
        var place = unsafe base + count
        var index = 0
        while index + 3 <= length {
            let first = unsafe UInt32(span.unsafeLoad(fromByteOffset: index, as: UInt8.self))
            let second = unsafe UInt32(span.unsafeLoad(fromByteOffset: index + 1, as: UInt8.self))
            let third = unsafe UInt32(span.unsafeLoad(fromByteOffset: index + 2, as: UInt8.self))
            let word = first << 16 | second << 8 | third
            let digits =
                Self.base64Digit(word >> 18) | Self.base64Digit(word >> 12) << 8
                | Self.base64Digit(word >> 6) << 16 | Self.base64Digit(word) << 24
            unsafe place.storeBytes(of: digits.littleEndian, as: UInt32.self)
            unsafe place += 4
            index += 3
        }
        if index < length {
            let isLast = index + 1 == length
            let first = unsafe UInt32(span.unsafeLoad(fromByteOffset: index, as: UInt8.self))
            let second =
                isLast ? 0 : unsafe UInt32(span.unsafeLoad(fromByteOffset: index + 1, as: UInt8.self))
            let word = first << 16 | second << 8
            let third = isLast ? UInt32(UInt8(ascii: "=")) : Self.base64Digit(word >> 6)
            let digits =
                Self.base64Digit(word >> 18) | Self.base64Digit(word >> 12) << 8 | third << 16
                | UInt32(UInt8(ascii: "=")) << 24
            unsafe place.storeBytes(of: digits.littleEndian, as: UInt32.self)
        }
        advance(by: (length + 2) / 3 * 4)
    }

    /// The digit of the low six bits.
    @inline(__always)
    private static func base64Digit(_ value: UInt32) -> UInt32 {
        UInt32(unsafe base64Digits.utf8Start[Int(truncatingIfNeeded: value & 63)])
    }
}
