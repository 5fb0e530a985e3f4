// Which operations carry an object's bytes in their requests: the models mark them, the shapes cannot.

extension S3.PutObject {
    public static var streamsBody: Bool { true }
}

extension S3.UploadPart {
    public static var streamsBody: Bool { true }
}
