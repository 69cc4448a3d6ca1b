// SPDX-License-Identifier: Apache-2.0
/**
 * Interoperation with a Linux kernel: a guest that is built from Debian packages and runs {@code
 * rdma_rxe}, {@code ib_srp} and {@code ib_srpt}, against the host as it ships. {@code ./ib interop}
 * runs all cases, the build a few.
 */
package it.interop;
