// SPDX-License-Identifier: Apache-2.0
/**
 * What driver and adapter agree on: the layout of entries in memory, hypercalls, registers. All
 * fields are big-endian. The figures are those of Linux's {@code drivers/infiniband/hw/ehca} where
 * it has them; where a place in an entry is not in any document, the model chooses it.
 */
@NullMarked
package ib.driver.ehca.internal.format;

import org.jspecify.annotations.NullMarked;
