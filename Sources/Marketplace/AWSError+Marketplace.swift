import AWSAPI

extension AWSError {
    static func invalid(_ fault: ContractFault) -> AWSError {
        AWSError("ValidationException", fault.description)
    }

    static func isOver(_ contract: Contract) -> AWSError {
        AWSError(
            "ValidationException",
            "The contract is over: End_Date is \(contract.lastDay), and days are those of UTC.")
    }

    static func notOffered(_ product: String) -> AWSError {
        AWSError(
            "ValidationException",
            "ADX_Data_Products__c: no S3 data access data set of the provider's is called \(product)."
        )
    }

    static func offeredTwice(_ product: String) -> AWSError {
        AWSError(
            "ValidationException",
            "ADX_Data_Products__c: more than one data set is called \(product); rename one.")
    }

    static func nothingPublished(_ product: String) -> AWSError {
        AWSError(
            "ValidationException",
            "ADX_Data_Products__c: \(product) has no finalized revision that opens a prefix.")
    }

    static func twoTerms(_ table: String) -> AWSError {
        AWSError(
            "ValidationException",
            "ADX_Data_Products__c: two of the products show other rows or columns of \(table); put them into "
                + "contracts of their own.")
    }

    static func needsFunds(_ product: String) -> AWSError {
        AWSError(
            "ValidationException",
            "Funds__c: \(product) shows rows by fund and by more, so the contract has to name funds."
        )
    }

    static func noTable(_ product: String) -> AWSError {
        AWSError(
            "ValidationException",
            "ADX_Data_Products__c: no table of the catalogue lies under the prefixes of \(product)."
        )
    }

    static func invalidPage(_ reason: String) -> AWSError {
        AWSError("ValidationException", reason)
    }

    static func contractNotFound(_ id: String) -> AWSError {
        AWSError("ResourceNotFoundException", status: 404, "There is no contract \(id).")
    }

    static func otherContract(_ id: Contract.ID) -> AWSError {
        AWSError(
            "ConflictException", status: 409,
            "Contract \(id) is signed with other terms. End it, and sign the new terms under another Id."
        )
    }

    static func notInForce(_ id: Contract.ID) -> AWSError {
        AWSError(
            "ConflictException", status: 409,
            "Contract \(id) is over, so there is nothing to renew. Sign a new one under another Id."
        )
    }

    static func notRenewed(_ id: Contract.ID) -> AWSError {
        AWSError(
            "ConflictException", status: 409,
            "Contract \(id) ends after its last day: not all of its products were renewed by themselves when "
                + "it was signed.")
    }

    /// Someone deleted it between two steps.
    static func grantIsGone(_ name: String) -> AWSError {
        AWSError(
            "ResourceNotFoundException", status: 404,
            "The data grant \(name) was made for this contract and is gone.")
    }

    static func accountNotHeld(_ account: AccountID) -> AWSError {
        AWSError(
            "AccessDeniedException", status: 403,
            "Nobody but the client acts in account \(account).")
    }

    static func otherFilter(_ name: String, on table: String) -> AWSError {
        AWSError(
            "ConflictException", status: 409,
            "\(table) has a data cells filter \(name) already, and it does not show what the contract says."
        )
    }

    static func otherDatabase(_ name: String, in account: AccountID) -> AWSError {
        AWSError(
            "ConflictException", status: 409,
            "Account \(account) has a database \(name) already, and it is no link to the provider's."
        )
    }
}
