// SPDX-License-Identifier: Apache-2.0
/** InfiniHost HCA: driver and hardware model. */
@NullMarked
package ib.driver.mthca.internal;

import org.jspecify.annotations.NullMarked;
