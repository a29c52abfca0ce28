-- What cannot be done twice is remembered by a token, for as long as it may come again after a lost reply.
local function is_done(token, is_again)
  return is_again == '1' and call('EXISTS', P .. ':told:' .. token) == 1
end

local function note_done(token, milliseconds)
  call('SET', P .. ':told:' .. token, '', 'PX', milliseconds)
end
