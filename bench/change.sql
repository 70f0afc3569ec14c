-- 1 % of the rows, others in each round.
UPDATE :shape SET milliseconds = milliseconds + 1 WHERE (hashtext(id::text) & 1048575) % 100 = :round;
VACUUM :shape;
