/// Why a target did not take an event.
struct DeliveryFailure: Error, Equatable {
    /// As EventBridge tells the dead-letter queue in `ERROR_CODE`.
    enum Code: String {
        case noResource = "NO_RESOURCE"
        case clientError = "SDK_CLIENT_ERROR"
        case internalError = "INTERNAL_ERROR"

        /// Whether time may mend it.
        var isTemporary: Bool { self == .internalError }
    }

    let code: Code
    let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
