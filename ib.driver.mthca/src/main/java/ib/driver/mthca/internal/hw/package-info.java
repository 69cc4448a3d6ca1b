// SPDX-License-Identifier: Apache-2.0
/**
 * The hardware: an InfiniHost without memory of its own. It knows the driver only through the
 * register space, the interrupt line, and host memory that it reaches through its bus.
 */
@NullMarked
package ib.driver.mthca.internal.hw;

import org.jspecify.annotations.NullMarked;
