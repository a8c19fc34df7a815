extension String {
    /// What somebody else calls a thing, as it may stand in logs and messages: no more than so many bytes, and nothing in it
    /// that ends a line or moves a cursor.
    /// - Parameter limit: bytes.
    package func shown(_ limit: Int = 128) -> String {
        // By bytes: one character may have any number of marks on it.
        let start = String(decoding: utf8.prefix(limit), as: UTF8.self)
        let isLonger = utf8.count > limit
        return String(String.UnicodeScalarView(start.unicodeScalars.map(Self.harmless)))
            + (isLonger ? "…" : "")
    }

    private static func harmless(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .format: "\u{FFFD}"
        default: scalar
        }
    }
}
