// SPDX-License-Identifier: Apache-2.0
/**
 * The SCSI side of the target: logical units, their commands, and the files or RAM behind them.
 * Knows nothing of SRP or RDMA.
 */
@NullMarked
package ib.ulp.srpt.internal.scsi;

import org.jspecify.annotations.NullMarked;
