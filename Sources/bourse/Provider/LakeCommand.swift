import AWSAPI
import AWSClient
import ArgumentParser
import BourseAPI
import Foundation

struct LakeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lake", abstract: "The provider's data, where it is.",
        subcommands: [Link.self])

    struct Link: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a directory a bucket, in place: read where it is and never written.",
            discussion: "Symbolic links in it are not followed: what they lead to is no object.")

        @Argument(help: "The bucket's name.")
        var bucket: String
        @Argument(help: "The directory, on the exchange's machine.")
        var path: String
        @OptionGroup var administrator: AdministratorOptions

        func run() async throws {
            let absolute =
                path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
            let linked = try await administrator.client.send(
                Bourse.LinkBucket(bucket: bucket, path: absolute))
            if administrator.json {
                return try printJSON(
                    Report(
                        bucket: linked.bucket, path: linked.path, objects: linked.objects,
                        hasMoreObjects: linked.hasMoreObjects))
            }
            let server = try RunningServer(reading: try administrator.data.directory)
            let count = "\(linked.objects)" + (linked.hasMoreObjects ? " and more" : "")
            print(
                """
                bucket \(linked.bucket) is \(linked.path), in place: \(count) objects
                next: aws s3 ls s3://\(linked.bucket)/ --recursive --endpoint-url \(server.endpoint)
                """)
        }

        private struct Report: Encodable {
            var bucket: String
            var path: String
            var objects: Int
            var hasMoreObjects: Bool
        }
    }
}
