// SPDX-License-Identifier: Apache-2.0
/** SRP initiator: block devices over RDMA. */
@NullMarked
package ib.srp;

import org.jspecify.annotations.NullMarked;
