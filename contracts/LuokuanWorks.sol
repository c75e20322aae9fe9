// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ERC2981} from "@openzeppelin/contracts/token/common/ERC2981.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";

/// @title What one home of Luokuan says on a chain: checkpoints of its log, works, licences, and sales of its tokens.
/// @notice Holds hashes, addresses, amounts and times; no names, no words, no works. A token's id is the SHA-256 of the
/// work's final bytes. The contract's owner is the home; who owns a token may be anybody.
contract LuokuanWorks is ERC721, ERC2981, Ownable2Step, Pausable, ReentrancyGuard {
    /// @dev A checkpoint: the root (RFC 9162) of the log's first `size` entries, and when it came here.
    struct Anchor {
        bytes32 root;
        uint64 time;
        uint64 blockNumber;
    }

    /// @dev Which anchored checkpoint held the work's entry when it was registered.
    struct Work {
        bytes32 log;
        uint64 size;
        uint64 time;
    }

    /// @dev An offer. `version` grows with each of a token's offers, so that a buyer can say which one was seen.
    struct Listing {
        address seller;
        uint96 price;
        uint64 version;
    }

    /// @notice By log (the SHA-256 of its public key's text) and size.
    mapping(bytes32 log => mapping(uint64 size => Anchor)) public anchors;
    /// @notice The largest size that was anchored.
    mapping(bytes32 log => uint64 size) public latest;
    mapping(uint256 token => Work) public works;
    mapping(uint256 token => Listing) public listings;
    /// @notice Until when a licence holds: seconds since 1970, by token, holder and the SHA-256 of its terms.
    mapping(uint256 token => mapping(address holder => mapping(bytes32 terms => uint64 until))) public licences;
    /// @notice What belongs to somebody and can be withdrawn, in wei.
    mapping(address party => uint256 wei_) public balances;

    event Anchored(bytes32 indexed log, uint64 indexed size, bytes32 root);
    event Registered(uint256 indexed token, address indexed to, bytes32 indexed log, uint64 size);
    event Licensed(uint256 indexed token, address indexed holder, bytes32 terms, uint64 until);
    event Listed(uint256 indexed token, address indexed seller, uint96 price, uint64 version);
    event Unlisted(uint256 indexed token);
    event Sold(uint256 indexed token, address indexed seller, address indexed buyer, uint96 price, uint256 royalty);
    event Withdrawn(address indexed party, address indexed to, uint256 amount);

    error EmptyHash();
    error OlderCheckpoint(uint64 size, uint64 latest);
    error NotAnchored(bytes32 log, uint64 size);
    error AlreadyRegistered(uint256 token);
    error NotTokenOwner(uint256 token);
    error WrongTerm(uint64 until);
    error WrongPrice(uint256 price);
    error NotListed(uint256 token);
    error StaleListing(uint256 token);
    error ChangedListing(uint96 price, uint64 version);
    error OwnToken(uint256 token);
    error WrongPayment(uint256 sent, uint96 price);
    error NothingToWithdraw();
    error PaymentRefused(address to);
    error OwnerNeeded();

    constructor(address owner) ERC721("Luokuan works", "LUOKUAN") Ownable(owner) {}

    /// @notice Keep a checkpoint. A log's sizes only grow here, so that it can't have two histories.
    function anchor(bytes32 log, uint64 size, bytes32 root) external onlyOwner {
        if (log == 0 || root == 0) revert EmptyHash();
        uint64 before = latest[log];
        if (size <= before) revert OlderCheckpoint(size, before);
        latest[log] = size;
        anchors[log][size] = Anchor(root, uint64(block.timestamp), uint64(block.number));
        emit Anchored(log, size, root);
    }

    /// @notice Register a work, once, under a checkpoint that is anchored.
    /// @param royalty Share of each later sale for `royaltyTo`, in basis points, at most 10,000.
    function register(bytes32 content, bytes32 log, uint64 size, address to, address royaltyTo, uint96 royalty)
        external
        onlyOwner
        whenNotPaused
        nonReentrant
    {
        if (content == 0) revert EmptyHash();
        if (anchors[log][size].time == 0) revert NotAnchored(log, size);
        uint256 token = uint256(content);
        if (works[token].time != 0) revert AlreadyRegistered(token);
        works[token] = Work(log, size, uint64(block.timestamp));
        if (royalty != 0) _setTokenRoyalty(token, royaltyTo, royalty);
        emit Registered(token, to, log, size);
        _safeMint(to, token);
    }

    /// @notice Grant a licence. What was granted is never shortened, and outlives a sale of the token.
    function license(uint256 token, address holder, bytes32 terms, uint64 until) external whenNotPaused {
        if (_ownerOf(token) != msg.sender) revert NotTokenOwner(token);
        if (terms == 0 || holder == address(0)) revert EmptyHash();
        if (until <= block.timestamp || until <= licences[token][holder][terms]) revert WrongTerm(until);
        licences[token][holder][terms] = until;
        emit Licensed(token, holder, terms, until);
    }

    /// @notice Whether a licence holds now.
    function licensed(uint256 token, address holder, bytes32 terms) external view returns (bool) {
        return licences[token][holder][terms] > block.timestamp;
    }

    /// @notice Offer a token for `price` wei; again: for another price.
    function list(uint256 token, uint256 price) external whenNotPaused {
        if (_ownerOf(token) != msg.sender) revert NotTokenOwner(token);
        if (price == 0 || price > type(uint96).max) revert WrongPrice(price);
        uint64 version = listings[token].version + 1;
        listings[token] = Listing(msg.sender, uint96(price), version);
        emit Listed(token, msg.sender, uint96(price), version);
    }

    /// @notice Take an offer back; possible while the contract is paused, too.
    function unlist(uint256 token) external {
        if (_ownerOf(token) != msg.sender) revert NotTokenOwner(token);
        if (listings[token].price == 0) revert NotListed(token);
        _close(token);
    }

    /// @notice Buy what was seen: the sale fails if price or offer changed since. Money isn't sent on, but noted for those
    /// who get it, so that nobody who refuses it can hold up a sale.
    function buy(uint256 token, uint96 price, uint64 version) external payable whenNotPaused nonReentrant {
        Listing memory found = listings[token];
        if (found.price == 0) revert NotListed(token);
        if (found.seller != _ownerOf(token)) revert StaleListing(token);
        if (found.price != price || found.version != version) revert ChangedListing(found.price, found.version);
        if (found.seller == msg.sender) revert OwnToken(token);
        if (msg.value != found.price) revert WrongPayment(msg.value, found.price);
        (address maker, uint256 royalty) = royaltyInfo(token, found.price);
        balances[maker] += royalty;
        balances[found.seller] += found.price - royalty;
        emit Sold(token, found.seller, msg.sender, found.price, royalty);
        _safeTransfer(found.seller, msg.sender, token, "");
    }

    /// @notice Fetch all that belongs to the caller; possible while the contract is paused, too.
    function withdraw(address payable to) external nonReentrant {
        uint256 amount = balances[msg.sender];
        if (amount == 0) revert NothingToWithdraw();
        balances[msg.sender] = 0;
        emit Withdrawn(msg.sender, to, amount);
        (bool done,) = to.call{value: amount}("");
        if (!done) revert PaymentRefused(to);
    }

    /// @notice Stop registering, licensing, listing and buying. Anchors, transfers and withdrawals go on.
    function pause() external onlyOwner {
        _pause();
    }

    function unpause() external onlyOwner {
        _unpause();
    }

    /// @dev Without an owner a paused contract would stay so.
    function renounceOwnership() public pure override {
        revert OwnerNeeded();
    }

    function supportsInterface(bytes4 id) public view override(ERC721, ERC2981) returns (bool) {
        return super.supportsInterface(id);
    }

    /// @dev However a token changes hands, its offer ends: it was its owner's.
    function _update(address to, uint256 token, address auth) internal override returns (address from) {
        from = super._update(to, token, auth);
        if (listings[token].price != 0) _close(token);
    }

    function _close(uint256 token) private {
        listings[token].seller = address(0);
        listings[token].price = 0; // the version stays, so that it is never used again
        emit Unlisted(token);
    }
}
