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
        var length = 0
        var probe = value
        while probe > 0 {
            length += 1
            probe /= 10
        }
        reserve(length)
        var rest = value
        var position = count + length
        while rest > 0 {
            position -= 1
            unsafe base.storeBytes(
                of: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10), toByteOffset: position,
                as: UInt8.self)
            rest /= 10
        }
        advance(by: length)
    }

    /// Appends a number in decimal with leading zeros, exactly `digits` long.
    public mutating func append(decimal value: UInt64, digits: Int) {
        reserve(digits)
        var rest = value
        var position = count + digits
        for _ in 0..<digits {
            position -= 1
            unsafe base.storeBytes(
                of: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10), toByteOffset: position,
                as: UInt8.self)
            rest /= 10
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

    /// Appends the standard base64 of some bytes, with padding (RFC 4648, section 4).
    public mutating func append(base64 span: RawSpan) {
        var index = 0
        let length = span.byteCount
        reserve((length + 2) / 3 * 4)
        while index < length {
            let first = unsafe UInt32(span.unsafeLoad(fromByteOffset: index, as: UInt8.self))
            let second =
                index + 1 < length
                ? unsafe UInt32(span.unsafeLoad(fromByteOffset: index + 1, as: UInt8.self)) : 0
            let third =
                index + 2 < length
                ? unsafe UInt32(span.unsafeLoad(fromByteOffset: index + 2, as: UInt8.self)) : 0
            let word = first << 16 | second << 8 | third
            append(Self.base64Digit(word >> 18))
            append(Self.base64Digit(word >> 12 & 63))
            append(index + 1 < length ? Self.base64Digit(word >> 6 & 63) : UInt8(ascii: "="))
            append(index + 2 < length ? Self.base64Digit(word & 63) : UInt8(ascii: "="))
            index += 3
        }
    }

    @inline(__always)
    private static func base64Digit(_ value: UInt32) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: value)
        switch value {
        case 0..<26: return UInt8(ascii: "A") + value
        case 26..<52: return UInt8(ascii: "a") + value - 26
        case 52..<62: return UInt8(ascii: "0") + value - 52
        case 62: return UInt8(ascii: "+")
        default: return UInt8(ascii: "/")
        }
    }
}
