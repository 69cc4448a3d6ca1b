// SPDX-License-Identifier: Apache-2.0
/** RDMA WRITE and SEND between two devices over loopback. */
@NullMarked
package ib.bench.transport;

import org.jspecify.annotations.NullMarked;
