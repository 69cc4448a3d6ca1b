// SPDX-License-Identifier: Apache-2.0
/** InfiniPath HCA: driver and hardware model. */
@NullMarked
package ib.driver.ipath.internal;

import org.jspecify.annotations.NullMarked;
