public import AWSAPI

/// The bytes of an object on their way in, as they arrive, and how they are compared with what was signed.
public struct ObjectUpload: Sendable {
    /// Ends where the sender said that it would, or throws.
    let pieces: any AsyncSequence<[UInt8], any Error> & Sendable
    let payload: SignedPayload
    /// Bytes of the object, where it comes in frames.
    let decodedLength: Int?
    /// What the sender says that it will say behind the last frame. Names in lower case.
    let trailerNames: [String]
    /// Whether the sender may go on. Asked after each piece.
    var isAdmitted: @Sendable () -> Bool = { true }

    /// - Parameter headers: Of the request, names in lower case.
    public init(
        pieces: any AsyncSequence<[UInt8], any Error> & Sendable, payload: SignedPayload,
        headers: [WireHeader] = []
    ) {
        self.pieces = pieces
        self.payload = payload
        decodedLength = headers["x-amz-decoded-content-length"].flatMap { Int($0) }
        trailerNames = (headers["x-amz-trailer"] ?? "").lowercased()
            .split(separator: ",").map { $0.filter { $0 != " " } }
    }

    /// Bytes of ours, which nobody signed.
    init(copying body: ObjectBody, while isAdmitted: @escaping @Sendable () -> Bool) {
        pieces = body
        payload = .unsigned
        decodedLength = nil
        trailerNames = []
        self.isAdmitted = isAdmitted
    }

    /// What is announced must be what can be checked.
    ///
    /// - Parameter checksum: Of the head.
    func checkTrailerNames(beside checksum: ObjectChecksum?) throws(AWSError) {
        let sums = trailerNames.filter { $0.hasPrefix("x-amz-checksum-") }
        let known = ObjectChecksum.Algorithm.allCases.map(\.headerName)
        guard sums.allSatisfy(known.contains) else { throw .otherChecksum }
        guard sums.count + (checksum == nil ? 0 : 1) <= 1 else {
            throw AWSError(
                "InvalidRequest",
                "Expecting a single x-amz-checksum- header. Multiple checksum types are not allowed."
            )
        }
    }

    /// The checksum that is to come behind the last frame.
    var trailingAlgorithm: ObjectChecksum.Algorithm? {
        ObjectChecksum.Algorithm.allCases.first { trailerNames.contains($0.headerName) }
    }
}

/// Takes the object's bytes out of what arrives.
enum UploadFraming: Sendable {
    case none
    case chunks(AWSChunkedDecoder)

    /// - Throws: ``UploadFault/noLength`` where frames come without the object's length.
    init(of upload: ObjectUpload) throws(UploadFault) {
        guard case .chunks(let signatures, let hasTrailer) = upload.payload else {
            self = .none
            return
        }
        guard let length = upload.decodedLength, length >= 0 else { throw .noLength }
        self = .chunks(
            AWSChunkedDecoder(
                signatures: signatures, decodedLength: length, hasTrailer: hasTrailer))
    }

    mutating func bytes(of piece: [UInt8]) throws(UploadFault) -> [UInt8] {
        guard case .chunks(var decoder) = self else { return piece }
        // One owner at a time, or each piece would copy the decoder's state.
        self = .none
        defer { self = .chunks(decoder) }
        do { return try decoder.decode(piece) } catch { throw .frames(error) }
    }

    /// What stood behind the last frame, once everything has arrived.
    func trailer() throws(UploadFault) -> [WireHeader] {
        guard case .chunks(let decoder) = self else { return [] }
        do { return try decoder.finish() } catch { throw .frames(error) }
    }
}
