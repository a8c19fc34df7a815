extension OutputBuffer {
    /// Appends the first four bytes as an IPv4 address.
    public mutating func append(ipv4 bytes: RawSpan) {
        for index in 0..<4 {
            if index > 0 { append(UInt8(ascii: ".")) }
            append(decimal: unsafe UInt64(bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)))
        }
    }

    /// Appends sixteen bytes as an IPv6 address in the canonical form of RFC 5952.
    public mutating func append(ipv6 bytes: RawSpan) {
        func group(_ index: Int) -> UInt16 {
            unsafe UInt16(bytes.unsafeLoad(fromByteOffset: index * 2, as: UInt8.self)) << 8
                | UInt16(bytes.unsafeLoad(fromByteOffset: index * 2 + 1, as: UInt8.self))
        }
        if (0..<5).allSatisfy({ group($0) == 0 }), group(5) == 0xffff {
            append("::ffff:")
            append(ipv4: bytes.extracting(12..<16))
            return
        }
        // The longest run of at least two zero groups is shortened; the first of equals.
        var run = (start: -1, length: 1)
        var index = 0
        while index < 8 {
            var end = index
            while end < 8, group(end) == 0 { end += 1 }
            if end - index > run.length { run = (index, end - index) }
            index = end + 1
        }
        index = 0
        while index < 8 {
            if index == run.start {
                append("::")
                index += run.length
                continue
            }
            if index > 0, index != run.start + run.length || run.start < 0 { append(UInt8(ascii: ":")) }
            append(hexGroup: group(index))
            index += 1
        }
    }

    private mutating func append(hexGroup value: UInt16) {
        var begun = false
        for shift in [UInt16(12), 8, 4, 0] {
            let digit = UInt8(truncatingIfNeeded: value >> shift & 15)
            if digit != 0 || begun || shift == 0 {
                append(Self.hexDigit(digit))
                begun = true
            }
        }
    }
}
