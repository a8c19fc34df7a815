internal import CTextScan

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

    private mutating func appendLong(_ value: UInt64) {
        reserve(Int(SECD_DECIMAL_ROOM))
        advance(by: unsafe secd_store_decimal((base + count).assumingMemoryBound(to: UInt8.self), value))
    }

    /// Appends a number in decimal with leading zeros, exactly `digits` long.
    public mutating func append(decimal value: UInt64, digits: Int) {
        reserve(digits)
        var rest = value
        var position = count + digits
        while position > count {
            position -= 1
            let digit = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            unsafe base.storeBytes(of: digit, toByteOffset: position, as: UInt8.self)
            rest /= 10
        }
        advance(by: digits)
    }

    /// Appends a member whose value is a number in quotes, and a comma before it where one is due; one check
    /// of the room for all of it.
    mutating func append(jsonKey name: StaticString, quoted value: UInt64, comma: Bool) {
        let length = name.utf8CodeUnitCount
        reserve(length + 6 + Int(SECD_DECIMAL_ROOM))
        var end = unsafe base + count
        unsafe end.storeBytes(of: UInt8(ascii: ","), as: UInt8.self)
        unsafe end += comma ? 1 : 0
        unsafe end.storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
        unsafe Self.copy(name.utf8Start, to: end + 1, length)
        unsafe end += length + 1
        unsafe end.storeBytes(of: Self.endOfKeyAndQuote, as: UInt32.self)
        unsafe end += 3
        unsafe end += secd_store_decimal(end.assumingMemoryBound(to: UInt8.self), value)
        unsafe end.storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
        self.length = unsafe end + 1 - base
    }

    /// `":"`; the fourth byte is overwritten.
    private static var endOfKeyAndQuote: UInt32 { UInt32(0x0022_3a22).littleEndian }

    /// Appends in quotes what is the same for a whole second, a fraction in nine digits, and `Z`.
    mutating func append(second: borrowing OutputBuffer, nanoseconds: UInt64) {
        let length = second.count
        reserve(length + 13)
        var end = unsafe base + count
        unsafe end.storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
        unsafe Self.copy(second.base, to: end + 1, length)
        unsafe end += length + 1
        unsafe secd_store_nine(end.assumingMemoryBound(to: UInt8.self), nanoseconds)
        unsafe (end + 9).storeBytes(of: UInt8(ascii: "Z"), as: UInt8.self)
        unsafe (end + 10).storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
        self.length += length + 12
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

    /// Appends the standard base64 of some bytes, with padding (RFC 4648, section 4).
    public mutating func append(base64 span: RawSpan) {
        // A word more, because digits are stored eight at a time.
        reserve((span.byteCount + 2) / 3 * 4 + 8)
        let written = unsafe span.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return 0 }
            return unsafe secd_store_base64(
                (base + count).assumingMemoryBound(to: UInt8.self),
                start.assumingMemoryBound(to: UInt8.self), bytes.count)
        }
        advance(by: written)
    }
}
