import TextEncoding

/// What a request of ttrpc asks for (`ttrpc.Request`).
package struct TTRPCCall: Sendable, Equatable {
    package var service: String
    package var method: String
    package var payload: [UInt8]

    package init(_ service: String, _ method: String, _ payload: [UInt8]) {
        self.service = service
        self.method = method
        self.payload = payload
    }

    /// - Throws: `NRIFault` where the bytes are no request.
    package init(_ bytes: [UInt8]) throws(NRIFault) {
        self.init("", "", [])
        for field in try NRIFault.fields(bytes[...], of: "a request") {
            switch field.number {
            case 1: service = field.value.text
            case 2: method = field.value.text
            case 3: payload = Array(field.value.bytes)
            default: break
            }
        }
    }

    package var bytes: [UInt8] {
        ProtobufReader.message(1, Array(service.utf8)) + ProtobufReader.message(2, Array(method.utf8))
            + ProtobufReader.message(3, payload)
    }
}

/// What a call was answered with (`ttrpc.Response`).
package enum TTRPCAnswer: Sendable, Equatable {
    case success([UInt8])
    /// A status of gRPC, and why.
    case failure(UInt8, String)

    /// Bytes of a reason.
    private static let longestReason = 2048
    /// Statuses (google.rpc.Code).
    package static let invalidArgument: UInt8 = 3
    package static let failedPrecondition: UInt8 = 9
    package static let unimplemented: UInt8 = 12

    /// - Throws: `NRIFault` where the bytes are no answer.
    package init(_ bytes: [UInt8]) throws(NRIFault) {
        var (code, reason, payload) = (UInt64(0), "", [UInt8]())
        for field in try NRIFault.fields(bytes[...], of: "an answer") {
            if field.number == 2 { payload = Array(field.value.bytes) }
            guard field.number == 1 else { continue }
            for part in try NRIFault.fields(field.value.bytes, of: "a status") {
                if part.number == 1 { code = part.value.number }
                if part.number == 2 { reason = part.value.text.shown(Self.longestReason) }
            }
        }
        self = code == 0 ? .success(payload) : .failure(UInt8(clamping: code), reason)
    }

    package var bytes: [UInt8] {
        switch self {
        case .success(let payload): return payload.isEmpty ? [] : ProtobufReader.message(2, payload)
        case .failure(let code, let reason):
            let text = Array(reason.utf8)
            var end = min(text.count, Self.longestReason)
            // Not within a character.
            while end > 0, end < text.count, text[end] & 0xc0 == 0x80 { end -= 1 }
            return ProtobufReader.message(
                1, [1 << 3, code] + ProtobufReader.message(2, Array(text[..<end])))
        }
    }
}

extension NRIFault {
    /// The fields of a message.
    /// - Parameter wanted: numbers of those that are asked for; empty = all.
    /// - Throws: where a part of it cannot be read.
    static func fields(
        _ bytes: ArraySlice<UInt8>, of name: String, _ wanted: Int...
    ) throws(NRIFault) -> [ProtobufReader.Field] {
        let fields = ProtobufReader.wholeMessage(bytes) { wanted.isEmpty || wanted.contains($0) }
        guard let fields else {
            throw NRIFault("it sent \(name) that cannot be read")
        }
        return fields
    }
}
