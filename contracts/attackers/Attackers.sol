// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LuokuanWorks} from "../LuokuanWorks.sol";

/// @dev For tests alone: a party that takes neither money nor tokens, but can still act.
contract Refuser {
    function act(address to, bytes calldata data) external payable {
        (bool done, bytes memory answer) = to.call{value: msg.value}(data);
        if (!done) {
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
    }
}

/// @dev For tests alone: comes back into the contract while it is being paid, or given a token.
contract Reentrant is Refuser {
    LuokuanWorks private immutable target;
    bytes private again;
    uint256 public tries;
    uint256 public succeeded;

    constructor(LuokuanWorks to) {
        target = to;
    }

    function arm(bytes calldata data) external {
        again = data;
    }

    function onERC721Received(address, address, uint256, bytes calldata) external returns (bytes4) {
        _again();
        return this.onERC721Received.selector;
    }

    receive() external payable {
        _again();
    }

    function _again() private {
        if (again.length == 0) return;
        tries++;
        (bool done,) = address(target).call(again);
        if (done) succeeded++;
    }
}
